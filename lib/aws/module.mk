FOLDERS += lib/aws
