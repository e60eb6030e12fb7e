/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HANDLER_H
#define HTTPD_STATUS_HANDLER_H

/*
 * The status page: SetHandler mta-sts-status. An ordinary content handler, so that all that an
 * admin says of its <Location> (Require above all) holds.
 */
void mts_status_register_hooks(void);

#endif
