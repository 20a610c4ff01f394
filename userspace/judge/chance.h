/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two distribution functions that bounds are made of. */
#ifndef SUTURE_JUDGE_CHANCE_H
#define SUTURE_JUDGE_CHANCE_H

/* The value that a standard normal exceeds with this chance; 0 < chance < 1. */
double normal_exceeded(double chance);
double normal_cdf(double x);

/* The regularised upper incomplete gamma function, as a logarithm: ln Q(shape, x). */
double gamma_log_upper(double shape, double x);
/* The value at or below which a gamma variable of this shape (scale 1) lies with this chance. */
double gamma_quantile(double shape, double chance);

#endif
