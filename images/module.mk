FOLDERS += images
PROGRAMS += imagegen
imagegen_folder := images
imagegen_uses := images lib/aws lib/net lib/json lib/base
imagegen_libs := curl archive deflate zstd z crypto jansson m
