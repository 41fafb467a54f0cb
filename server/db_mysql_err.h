/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_MYSQL_ERR_H
#define SERVER_DB_MYSQL_ERR_H

/* What the error numbers of the server (1000 to 1999, 3000 and above) and of the connector (2000 to
 * 2999) mean to us. */

#include <stdbool.h>

#include "base/err.h"

/* ERR_IO for those that say nothing to a caller. */
enum err_code db_mysql_err_code(unsigned number);

/* The connection is of no use any more. */
bool db_mysql_err_is_lost(unsigned number);

#endif
