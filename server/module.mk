FOLDERS += server
PROGRAMS += berthd
berthd_folder := server
berthd_uses := server lib/cpu lib/json lib/base
berthd_libs := jansson sqlite mariadb m
