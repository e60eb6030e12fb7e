/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_LIMITS_H
#define HTTPD_CONFIG_LIMITS_H

#include <httpd.h>

#include "core/base/finding.h"
#include "httpd/config/report_config.h"

/*
 * STATE-DIR/limits.json: the limits for reports, written when httpd starts, so that `mta-sts
 * import` applies the same limits. One line of JSON, described in doc/dump-json.md.
 *
 *   {"version":1,"max_size":{"sent":BYTES,"inflated":BYTES},
 *    "quota":{"reports":BYTES,"quarantine":BYTES},"fetch_log":{"keep_days":DAYS}}
 */
#define MTS_LIMITS_FILE "limits.json"

/*
 * Replaces this file and the file of local names (tlsrpt/spool/scope.h), each atomically; their
 * mode is 0600. As root, this is safe in a directory that belongs to another user: symbolic links
 * are not followed.
 *
 * @param config   contains the limits, and the state directory, which must exist
 * @param names    contents of the second file; NULL: there are no local names, and the file is
 *                 removed
 * @param owner    owner of the files; ignored unless the process runs as root
 * @param group    group of the files; likewise
 * @param findings a warning is added here if a file cannot be written
 */
void mts_limits_write(const mts_report_config *config, const char *names, uid_t owner, gid_t group,
                      mta_sts_findings *findings);

#endif
