/* SPDX-License-Identifier: GPL-2.0-or-later */
MODULE_INFO(seen_by_pwd, __FILE__);
