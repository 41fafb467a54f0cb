# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# The client library of the MariaDB server's source: TCP and unix sockets, TLS, compression, and the ways to
# log in that MariaDB and MySQL have by default.  A static program cannot load plugins, so what is not here is
# not offered: no Kerberos, no password in clear text, no dialog.

# All of the server is 900 MB unpacked; this folder of it is enough.
DEPS_FOLDER=libmariadb

# The .a is named as Debian's libmariadb-dev names it, and headers lie in mariadb/ as they do there.
recipe()
{
    local folder=$SRC/$DEPS_FOLDER
    # A hash that nothing asks for and our OpenSSL has not.
    DEPS_CFLAGS+=' -DEVP_ripemd160=EVP_md_null'
    SRC=$folder deps_cmake -Os mariadbclient \
        -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF \
        -DWITH_SSL=OPENSSL -DOPENSSL_ROOT_DIR="$PREFIX" -DOPENSSL_USE_STATIC_LIBS=ON \
        -DLIBRESSL_RESULT=1 -DLIBRESSL_RESULT__TRYRUN_OUTPUT='' \
        -DWITH_EXTERNAL_ZLIB=ON \
        -DWITH_UNIT_TESTS=OFF -DWITH_DYNCOL=OFF -DWITH_CURL=OFF -DWITH_ICONV=OFF \
        -DREMOTEIO_PLUGIN_TYPE=OFF -DAUTH_GSSAPI_PLUGIN_TYPE=OFF -DCMAKE_DISABLE_FIND_PACKAGE_CURL=ON \
        -DENABLED_LOCAL_INFILE=OFF -DDEFAULT_CHARSET=utf8mb4 \
        -DMARIADB_UNIX_ADDR=/run/mysqld/mysqld.sock \
        -DCLIENT_PLUGIN_CACHING_SHA2_PASSWORD=STATIC -DCLIENT_PLUGIN_CLIENT_ED25519=STATIC \
        -DCLIENT_PLUGIN_DIALOG=OFF -DCLIENT_PLUGIN_SHA256_PASSWORD=OFF \
        -DCLIENT_PLUGIN_MYSQL_OLD_PASSWORD=OFF -DCLIENT_PLUGIN_MYSQL_CLEAR_PASSWORD=OFF \
        -DCLIENT_PLUGIN_ZSTD=OFF
    mkdir -p "$OUT"/{lib,include/mariadb}
    cp "$WORK/build/libmariadb/libmariadbclient.a" "$OUT/lib/libmariadb.a"
    cp "$folder"/include/{mysql,mariadb_com,mariadb_stmt,mariadb_ctype,ma_list,errmsg,mysqld_error}.h \
        "$WORK/build/include/mariadb_version.h" "$OUT/include/mariadb/"
    # Debian's file is about the whole server.
    mkdir -p "$OUT/licenses"
    {
        awk -v RS= -v ORS='\n\n' '/^Files: libmariadb\/(\*|libmariadb\/ma_dtoa)/' "$SRC/debian/copyright"
        cat "$folder/COPYING.LIB"
    } >"$OUT/licenses/mariadb"
}
