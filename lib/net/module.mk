FOLDERS += lib/net
