/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_LIMITS_H
#define HTTPD_CONFIG_LIMITS_H

#include <httpd.h>

#include "core/base/finding.h"
#include "httpd/config/report_config.h"

/*
 * STATE-DIR/limits.json: the limits for reports, written at start so that `mta-sts import` applies
 * the same ones. One line of JSON, described in doc/dump-json.md.
 *
 *   {"version":1,"max_size":{"sent":BYTES,"inflated":BYTES},
 *    "quota":{"reports":BYTES,"quarantine":BYTES},"fetch_log":{"keep_days":DAYS}}
 */
#define MTS_LIMITS_FILE "limits.json"

/*
 * Replaces the file, and that of the local names (tlsrpt/spool/scope.h), atomically; their mode is
 * 0600. As root, this is safe in a directory that belongs to another user: symbolic links are not
 * followed.
 *
 * @param config   limits, and the state directory, which must exist
 * @param names    text of the second file; NULL: there are none, and no file
 * @param owner    of the file; ignored unless run as root
 * @param group    likewise
 * @param findings receives a warning if the file cannot be written
 */
void mts_limits_write(const mts_report_config *config, const char *names, uid_t owner, gid_t group,
                      mta_sts_findings *findings);

#endif
