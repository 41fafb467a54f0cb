FOLDERS += lib/cpu
