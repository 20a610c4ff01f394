/* SPDX-License-Identifier: GPL-2.0-or-later */
MODULE_INFO(seen_by_m, __FILE__);
