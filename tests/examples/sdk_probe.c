/* A program that does with sdk/c/trainyard.h what its first argument says, for test_sdk.py. */
#define TRAINYARD_IMPLEMENTATION
#include "sdk/c/trainyard.h"

static void log_numbers(struct trainyard *ty)
{
	const struct trainyard_metric odd[] = {
		{ "tenth", 0.1 },
		{ "third", 1.0 / 3.0 },
		{ "float", (double)0.1f },
		{ "whole", 3 },
		{ "tiny", DBL_MIN },
		{ "huge", DBL_MAX },
		{ "nan", (double)NAN },
		{ "plus", (double)INFINITY },
		{ "minus", -(double)INFINITY },
		{ "absent", TRAINYARD_ABSENT },
		{ "quote\"back\\slash\nline\ttab\x01\x7f", 1 },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 2 },
	};

	trainyard_totals(ty, 780, 10);
	trainyard_totals(ty, 780, 0);
	trainyard_log(ty, 7, 0.5, 2.25, 3e-4);
	trainyard_log_eval(ty, 7, 0.5, (double)NAN);
	trainyard_log_metrics(ty, 9000000000000000000LL, odd, sizeof(odd) / sizeof(odd[0]));
	trainyard_log_metrics(ty, -1, NULL, 0);
	trainyard_control_ready(ty);
}

static void log_checkpoints(struct trainyard *ty)
{
	struct trainyard_checkpoint full = { "/a b/\"c\".ckpt", 5, 1.5, 2.5, 3.5 };
	struct trainyard_checkpoint bare = { "sub/last.ckpt", 6, TRAINYARD_ABSENT, TRAINYARD_ABSENT,
		TRAINYARD_ABSENT };

	trainyard_log_checkpoint(ty, &full);
	trainyard_log_checkpoint(ty, &bare);
}

/* Each call must fail with the error named, and write nothing. */
static void log_impossible(struct trainyard *ty)
{
	static const char *const bad[] = { "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82",
		"\xf4\x90\x80\x80", "\xe0\x80\x80" };
	static char name[TRAINYARD_LINE_MAX + 1];
	struct trainyard_metric metric = { name, 1 };
	size_t i;

	memset(name, 'n', sizeof(name) - 1);
	printf("long %d\n", trainyard_log_metrics(ty, 1, &metric, 1) == -1 && errno == EMSGSIZE);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		metric.name = bad[i];
		printf("utf-8 %d\n",
			trainyard_log_metrics(ty, 1, &metric, 1) == -1 && errno == EILSEQ);
	}
}

/* Lines until the disk is "full", then, with the limit gone, one more. */
static void log_torn(struct trainyard *ty)
{
	int failed = 0;
	int step;

	for (step = 1; step <= 40; step++)
		failed += trainyard_log(ty, step, 0, 1, 1) != 0;
	printf("failed %d\n", failed);
	fflush(stdout);
	/* The test raises the limit and then closes our standard input. */
	(void)getchar();
	printf("after %d\n", trainyard_log(ty, 99, 0, 1, 1));
}

/* Says each request that is there, until a stop. */
static void echo_requests(struct trainyard *ty)
{
	static const char *const names[] = { "other", "save", "stop", "pause", "set" };
	struct trainyard_request request;
	double value;
	int got;

	trainyard_control_ready(ty);
	do {
		got = trainyard_poll(ty, &request);
		if (got <= 0)
			continue;
		printf("%s %lu", names[request.action], (unsigned long)strlen(request.line));
		if (trainyard_request_number(&request, "learning_rate", &value))
			printf(" %.17g", value);
		printf("\n");
		fflush(stdout);
	} while (got >= 0 && (got == 0 || request.action != TRAINYARD_STOP));
}

static void wait_for_signal(void)
{
	trainyard_catch_stop();
	printf("before %d\n", trainyard_should_stop());
	raise(SIGTERM);
	printf("after %d\n", trainyard_should_stop());
}

int main(int argc, char **argv)
{
	struct trainyard ty;
	const char *verb = argc > 1 ? argv[1] : "";
	const char *resume = trainyard_resume_path(), *run_dir = trainyard_run_dir();

	setlocale(LC_ALL, "");
	printf("init %d\n", trainyard_init(&ty));
	if (strcmp(verb, "numbers") == 0)
		log_numbers(&ty);
	else if (strcmp(verb, "checkpoints") == 0)
		log_checkpoints(&ty);
	else if (strcmp(verb, "impossible") == 0)
		log_impossible(&ty);
	else if (strcmp(verb, "torn") == 0)
		log_torn(&ty);
	else if (strcmp(verb, "requests") == 0)
		echo_requests(&ty);
	else if (strcmp(verb, "signal") == 0)
		wait_for_signal();
	else if (strcmp(verb, "environment") == 0)
		printf("%s %s\n", resume ? resume : "-", run_dir ? run_dir : "-");
	trainyard_finish(&ty);
	return 0;
}
