FOLDERS += ecs
