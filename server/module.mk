FOLDERS += server
PROGRAMS += berthd
berthd_folder := server
berthd_uses := server lib/cpu lib/json lib/base
berthd_libs := jansson sqlite mariadb m

# The connector's macros name functions that base/banned.h poisons, so its header comes first.
build/debug/obj/server/db_my%.o build/check/warnings/server/db_my%.o: \
	CFLAGS_debug := -include mariadb/mysql.h $(CFLAGS_debug)
build/debug/obj/tests/unit/server/test_db_my%.o build/check/warnings/tests/unit/server/test_db_my%.o: \
	CFLAGS_debug := -include mariadb/mysql.h $(CFLAGS_debug) -DTEST_DIR='"$(HERE)/tests"' -Itests
