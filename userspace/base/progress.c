// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

static struct {
	char words[160], note[96];
	double started, drawn;
	bool active, visible;
} step;

static bool on_terminal(void)
{
	return isatty(STDERR_FILENO);
}

void progress_hide(void)
{
	if (step.visible)
		fputs("\r\033[K", stderr);
	step.visible = false;
}

static unsigned int columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || !w.ws_col ? 80 : w.ws_col;
}

/* Cut a line of UTF-8 to n columns: a line that wraps can't be wiped. */
static void cut(char *s, unsigned int n)
{
	for (; *s; s++) {
		if (((unsigned char)*s & 0xc0) == 0x80)
			continue;
		if (!n--) {
			*s = '\0';
			return;
		}
	}
}

static void draw(void)
{
	double now = clock_seconds();
	char line[320];
	int n;

	if (!on_terminal() || log_level() < LOG_NORMAL)
		return;
	n = snprintf(line, sizeof(line), "  … %s%s%s", step.words, *step.note ? "  " : "",
		     step.note);
	if (now - step.started >= 1 && n > 0 && (size_t)n < sizeof(line))
		snprintf(line + n, sizeof(line) - (size_t)n, "  %s",
			 str_duration(now - step.started).s);
	cut(line, columns() - 1);
	fprintf(stderr, "\r\033[K%s", line);
	fflush(stderr);
	step.visible = true;
	step.drawn = now;
}

void progress_step(const char *fmt, ...)
{
	va_list ap;

	progress_done();
	va_start(ap, fmt);
	vsnprintf(step.words, sizeof(step.words), fmt, ap);
	va_end(ap);
	step.started = clock_seconds();
	step.active = true;
	step.note[0] = '\0';
	draw();
}

void progress_note(const char *fmt, ...)
{
	va_list ap;

	if (!step.active)
		return;
	va_start(ap, fmt);
	vsnprintf(step.note, sizeof(step.note), fmt, ap);
	va_end(ap);
	if (clock_seconds() - step.drawn >= 0.05)
		draw();
}

void progress_tick(void)
{
	if (step.active && clock_seconds() - step.drawn >= 0.5)
		draw();
}

void progress_done(void)
{
	double took = clock_seconds() - step.started;

	if (!step.active)
		return;
	progress_hide();
	if (log_level() >= LOG_NORMAL && (on_terminal() || took >= 1))
		fprintf(stderr, "  %s  %s\n", step.words, str_duration(took).s);
	step.active = false;
}

void progress_abandon(void)
{
	progress_hide();
	step.active = false;
}
