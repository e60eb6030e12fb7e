/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_SILENCE_H
#define CLI_WATCH_SILENCE_H

#include "cli/watch/item.h"

/*
 * Joins changes: if several senders stop reporting at the same time, there is a common cause, such
 * as a stopped import of mail, and the reader should get one change instead of hundreds.
 *
 * @param changes array of cli_watch_change, borrowed
 * @return the same changes, with a single one instead of three or more of this kind
 */
const apr_array_header_t *cli_watch_join_silence(apr_pool_t *p, const apr_array_header_t *changes);

#endif
