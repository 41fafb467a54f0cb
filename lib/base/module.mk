FOLDERS += lib/base
