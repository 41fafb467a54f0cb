FOLDERS += taskgen
PROGRAMS += taskgen
taskgen_folder := taskgen
taskgen_uses := taskgen images ecs lib/aws lib/cpu lib/net lib/json lib/base
taskgen_libs := curl archive deflate z crypto jansson m
