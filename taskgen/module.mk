FOLDERS += taskgen
PROGRAMS += taskgen
taskgen_folder := taskgen
taskgen_uses := taskgen ecs lib/aws lib/cpu lib/net lib/json lib/base
taskgen_libs := curl crypto jansson m
