/* csv.h: CSV files (RFC 4180) with a header line, by libcsv: quotes, CRLF, a byte-order mark; blank lines are skipped;
 * semicolons or tabs instead of commas are recognised by a header line without commas. */
#ifndef FLOE_DATA_CSV_H
#define FLOE_DATA_CSV_H

#include <stddef.h>

#include "base/error.h"
#include "runtime/data/table.h"

/* FLOE_EDATA, naming file and line, for: no header, no rows, a repeated column name, rows of another length, stray or
 * unclosed quotes, NUL bytes. path is kept, not copied. Free the table with floe__table_free, after errors too. */
FLOE_NODISCARD floe_status floe__csv_parse(const char *path, const char *text, size_t length, struct floe__table *table,
                                           struct floe_error *error);

#endif
