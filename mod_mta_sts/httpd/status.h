/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOD_STATUS_PAGE_H
#define MOD_STATUS_PAGE_H

/*
 * The status page: SetHandler mta-sts-status. An ordinary content handler, so that all that an
 * admin says of its <Location> (Require above all) holds.
 */
void mod_status_register_hooks(void);

#endif
