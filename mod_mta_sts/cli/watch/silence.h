/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_SILENCE_H
#define CLI_WATCH_SILENCE_H

#include "cli/watch/item.h"

/*
 * Many senders that fall silent at once have one cause, such as an import of mail that has stopped:
 * they are one change to the reader, not hundreds.
 *
 * @param changes of cli_watch_change, borrowed
 * @return the same changes, in which one stands for three or more of this kind
 */
const apr_array_header_t *cli_watch_join_silence(apr_pool_t *p, const apr_array_header_t *changes);

#endif
