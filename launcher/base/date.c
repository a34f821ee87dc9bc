/* SPDX-License-Identifier: MIT
 *
 * date: see date.h. Years begin in March here, so that the odd month is the last one; an era is 400 years.
 */
#include "base/date.h"

#include <stdint.h>
#include <stdio.h>

enum { DAY_S = 86400, DAYS_BEFORE_1970 = 719468, ERA_DAYS = 146097, NANOSECOND_DECIMALS = 9 };

const char *date_format(char date[static DATE_BYTES], const struct timespec *time, int decimals)
{
	int64_t days = time->tv_sec / DAY_S, second = time->tv_sec % DAY_S;
	if (second < 0) {
		second += DAY_S;
		days--;
	}
	days += DAYS_BEFORE_1970;
	int64_t era = (days >= 0 ? days : days - ERA_DAYS + 1) / ERA_DAYS;
	int64_t day = days - era * ERA_DAYS;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
	int64_t day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
	year += era * 400 + (month >= 10 ? 1 : 0);
	month = month < 10 ? month + 3 : month - 9;
	long fraction = time->tv_nsec;
	for (int cut = NANOSECOND_DECIMALS; cut > decimals; cut--)
		fraction /= 10;
	snprintf(date, DATE_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%0*ldZ", (int)year, (int)month, (int)day_of_month,
	         (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60), decimals, fraction);
	return date;
}
