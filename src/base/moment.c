/* base/moment.c -- see moment.h. The proleptic Gregorian calendar by days since 1970-01-01. */
#include "base/moment.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static void date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era -
		(365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_shifted = (5 * day_of_year + 2) / 153;
	*day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
	*month = month_shifted + (month_shifted < 10 ? 3 : -9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

/* Times are in every reply, several times: printf would take longer than all else of them. */
static char *put_digits(char *to, int64_t value, int digits)
{
	for (int i = digits; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + digits;
}

const char *moment_text(char *text, int64_t wall_ms)
{
	int64_t days = wall_ms / DAY_MS - (wall_ms % DAY_MS < 0);
	int64_t rest = wall_ms - days * DAY_MS;
	int64_t year, month, day;
	char *to = text;
	date_of(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		to += snprintf(to, MOMENT_TEXT_SIZE - 24, "%04lld", (long long)year);
	else
		to = put_digits(to, year, 4);
	*to++ = '-';
	to = put_digits(to, month, 2);
	*to++ = '-';
	to = put_digits(to, day, 2);
	*to++ = 'T';
	to = put_digits(to, rest / 3600000, 2);
	*to++ = ':';
	to = put_digits(to, rest / 60000 % 60, 2);
	*to++ = ':';
	to = put_digits(to, rest / 1000 % 60, 2);
	*to++ = '.';
	to = put_digits(to, rest % 1000, 3);
	*to++ = 'Z';
	*to = '\0';
	return text;
}

static bool offset_parse(const char *text, int64_t *offset_ms)
{
	int hours, minutes, used = 0;
	char sign;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
		*offset_ms = 0;
		return true;
	}
	if (sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || used != 6 ||
		text[6] || (sign != '+' && sign != '-') || hours < 0 || minutes < 0 || minutes > 59)
		return false;
	*offset_ms = (hours * 60 + minutes) * INT64_C(60000) * (sign == '-' ? -1 : 1);
	return true;
}

bool moment_parse(struct str s, int64_t *wall_ms)
{
	char text[64];
	int year, month, day, hour, minute, second, used = 0;
	if (s.length_bytes >= sizeof(text))
		return false;
	memcpy(text, s.at, s.length_bytes);
	text[s.length_bytes] = '\0';
	if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
		    &second, &used) != 6 ||
		used != 19)
		return false;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59 || second < 0 || second > 60)
		return false;
	const char *rest = text + used;
	int64_t fraction_ms = 0;
	if (*rest == '.') {
		int64_t unit = 100;
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			fraction_ms += (*rest - '0') * unit;
	}
	int64_t offset_ms;
	if (!offset_parse(rest, &offset_ms))
		return false;
	*wall_ms = days_of(year, month, day) * DAY_MS +
		((hour * 60 + minute) * 60 + second) * INT64_C(1000) + fraction_ms - offset_ms;
	return true;
}
