FOLDERS += lib/json
