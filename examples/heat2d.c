/* SPDX-License-Identifier: MIT
 *
 * heat2d: how heat spreads over a plate whose upper edge is kept hot: the heat equation in two dimensions, by the
 * explicit five-point stencil.
 *
 * Each rank has a strip of rows. Before a step it needs the last row of the strip above and the first of the strip
 * below: they come as messages (muster_sendrecv), or, with -p, the strips lie in the job's shared segment
 * (muster_alloc) and neighbours read one another's rows in place. Now and then all agree on the largest change of any
 * cell (muster_allreduce), and stop together when it is small. Each cell is computed in the same way wherever it lies:
 * the result is the same to the last bit for any number of ranks.
 *
 *     heat2d [-r ROWS] [-c COLUMNS] [-s STEPS] [-e EVERY] [-t TOLERANCE] [-p] [-o PICTURE.pgm]
 */
#include <muster.h>

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOT        100.0
#define CONDUCTION 0.2 /* of a step; stable below 0.25 */

enum { HALO = 1, PLACES, FINGERPRINT }; /* tags */

struct options {
	int rows, columns, steps, every;
	double tolerance;
	bool in_place;
	const char *picture;
};

/* A rank's part of the plate. What is now and what comes next swap their places at every step. */
struct strip {
	muster_world *world;
	int first, rows, columns;
	int above, below;       /* ranks; -1: the edge of the plate */
	int now;                /* which of the two, below */
	double *cells[2];       /* rows + 2 of them: the outer ones are what messages bring, or the plate's edge */
	const double *over[2];  /* the row above the first, as a step reads it */
	const double *under[2]; /* the row below the last */
	double largest_change;
};

/* A simulation has nothing to do without its neighbours: it says why, and muster ends the others. */
static void need(bool good)
{
	if (good)
		return;
	fprintf(stderr, "heat2d: %s\n", muster_error_text());
	exit(1);
}

static double *row_of(const struct strip *strip, int which, int row)
{
	return strip->cells[which] + (size_t)row * (size_t)strip->columns;
}

/* --- setting up --- */

/* Even ranks begin with the neighbour below, odd ones with that above: all pairs are at it at once. */
static void swap_with_neighbours(const struct strip *strip, int tag, const void *first, const void *last, void *over,
                                 void *under, size_t bytes)
{
	for (int turn = 0; turn < 2; turn++) {
		bool down = (muster_rank(strip->world) + turn) % 2 == 0;
		int peer = down ? strip->below : strip->above;
		if (peer >= 0)
			need(muster_sendrecv(strip->world, peer, tag, down ? last : first, bytes, peer, tag,
			                     down ? under : over, bytes, NULL, MUSTER_FOREVER) == 0);
	}
}

/* The neighbours' rows, where they lie: each tells where its own first and last ones are. */
static void find_neighbours_rows(struct strip *strip)
{
	uint64_t first[2], last[2], over[2] = {0}, under[2] = {0};
	for (int which = 0; which < 2; which++) {
		first[which] = muster_offset(strip->world, row_of(strip, which, 1));
		last[which] = muster_offset(strip->world, row_of(strip, which, strip->rows));
	}
	swap_with_neighbours(strip, PLACES, first, last, over, under, sizeof first);
	for (int which = 0; which < 2; which++) {
		if (strip->above >= 0)
			strip->over[which] = muster_at(strip->world, over[which]);
		if (strip->below >= 0)
			strip->under[which] = muster_at(strip->world, under[which]);
	}
}

/* Cold cells, of this rank's own or in the job's segment. */
static double *take_cells(muster_world *world, size_t bytes, bool in_place)
{
	double *cells = in_place ? muster_alloc(world, bytes) : malloc(bytes);
	if (cells == NULL) {
		fprintf(stderr, "heat2d: no memory for %zu bytes of cells%s%s\n", bytes, in_place ? ": " : "",
		        in_place ? muster_error_text() : "");
		exit(1);
	}
	return memset(cells, 0, bytes);
}

static struct strip make_strip(muster_world *world, const struct options *options)
{
	int rank = muster_rank(world), size = muster_size(world);
	int first = (int)((int64_t)options->rows * rank / size);
	struct strip strip = {.world = world,
	                      .first = first,
	                      .rows = (int)((int64_t)options->rows * (rank + 1) / size) - first,
	                      .columns = options->columns,
	                      .above = rank - 1,
	                      .below = rank + 1 < size ? rank + 1 : -1};
	size_t bytes = (size_t)(strip.rows + 2) * (size_t)strip.columns * sizeof(double);
	for (int which = 0; which < 2; which++) {
		strip.cells[which] = take_cells(world, bytes, options->in_place);
		for (int column = 0; rank == 0 && column < strip.columns; column++)
			strip.cells[which][column] = HOT;
		strip.over[which] = strip.cells[which];
		strip.under[which] = row_of(&strip, which, strip.rows + 1);
	}
	if (options->in_place)
		find_neighbours_rows(&strip);
	return strip;
}

/* --- a step --- */

static void update(struct strip *strip)
{
	int now = strip->now, next = !now;
	double largest = 0;
	for (int row = 1; row <= strip->rows; row++) {
		const double *over = row == 1 ? strip->over[now] : row_of(strip, now, row - 1);
		const double *under = row == strip->rows ? strip->under[now] : row_of(strip, now, row + 1);
		const double *old = row_of(strip, now, row);
		double *fresh = row_of(strip, next, row);
		for (int column = 1; column < strip->columns - 1; column++) {
			double change = CONDUCTION * (over[column] + under[column] + old[column - 1] + old[column + 1] -
			                              4 * old[column]);
			fresh[column] = old[column] + change;
			if (fabs(change) > largest)
				largest = fabs(change);
		}
	}
	strip->largest_change = largest;
	strip->now = next;
}

/* Returns the number of steps done. */
static int run(struct strip *strip, const struct options *options)
{
	size_t bytes = (size_t)strip->columns * sizeof(double);
	for (int step = 1; step <= options->steps; step++) {
		int now = strip->now;
		if (options->in_place)
			need(muster_barrier(strip->world, MUSTER_FOREVER, "rows are written") == 0);
		else
			swap_with_neighbours(strip, HALO, row_of(strip, now, 1), row_of(strip, now, strip->rows),
			                     strip->cells[now], row_of(strip, now, strip->rows + 1), bytes);
		update(strip);
		if (step % options->every != 0 && step != options->steps)
			continue;
		double mine = strip->largest_change;
		need(muster_allreduce(strip->world, &mine, &strip->largest_change, 1, MUSTER_DOUBLE, MUSTER_MAX,
		                      MUSTER_FOREVER) == 0);
		char text[40];
		snprintf(text, sizeof text, "step %d", step);
		muster_mark(strip->world, text);
		if (strip->largest_change < options->tolerance)
			return step;
	}
	return options->steps;
}

/* --- the result --- */

/* FNV-1a over all cells in order: it goes through the ranks from the first to the last, who prints it. */
static void print_result(const struct strip *strip, const struct options *options, int steps)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	if (strip->above >= 0)
		need(muster_recv(strip->world, strip->above, FINGERPRINT, &hash, sizeof hash, NULL, MUSTER_FOREVER) ==
		     0);
	const unsigned char *bytes = (const unsigned char *)row_of(strip, strip->now, 1);
	for (size_t i = 0; i < (size_t)strip->rows * (size_t)strip->columns * sizeof(double); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	if (strip->below >= 0)
		need(muster_send(strip->world, strip->below, FINGERPRINT, &hash, sizeof hash, MUSTER_FOREVER) == 0);
	else
		printf("%d x %d cells, %d steps, last change %.6f, fingerprint %016" PRIx64 "\n", options->rows,
		       options->columns, steps, strip->largest_change, hash);
}

/* A grey picture; each rank writes its own rows, at their place in the file. */
static void write_picture(const struct strip *strip, const struct options *options)
{
	bool begins = muster_rank(strip->world) == 0;
	char header[64];
	int header_bytes = snprintf(header, sizeof header, "P5 %d %d 255\n", options->columns, options->rows);
	FILE *file = begins ? fopen(options->picture, "wb") : NULL;
	bool good = !begins || (file != NULL && fputs(header, file) >= 0 && fflush(file) == 0);
	need(muster_barrier(strip->world, MUSTER_FOREVER, "picture begun") == 0);
	if (!begins)
		good = (file = fopen(options->picture, "r+b")) != NULL &&
		       fseek(file, header_bytes + (long)strip->first * strip->columns, SEEK_SET) == 0;
	const double *cells = row_of(strip, strip->now, 1);
	for (int i = 0; good && i < strip->rows * strip->columns; i++)
		good = putc((int)(cells[i] * 255 / HOT), file) != EOF;
	if (!good || fclose(file) != 0) {
		perror(options->picture);
		exit(1);
	}
}

/* --- main --- */

static struct options read_options(int argc, char **argv)
{
	struct options options = {.rows = 200, .columns = 300, .steps = 1000, .every = 100, .tolerance = 1e-3};
	int option;
	while ((option = getopt(argc, argv, "r:c:s:e:t:po:")) != -1) {
		switch (option) {
		case 'r':
			options.rows = atoi(optarg);
			break;
		case 'c':
			options.columns = atoi(optarg);
			break;
		case 's':
			options.steps = atoi(optarg);
			break;
		case 'e':
			options.every = atoi(optarg);
			break;
		case 't':
			options.tolerance = atof(optarg);
			break;
		case 'p':
			options.in_place = true;
			break;
		case 'o':
			options.picture = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (options.rows < 1 || options.columns < 3 || options.steps < 1 || options.every < 1) {
		fprintf(stderr, "heat2d: at least 1 row, 3 columns, and a step are needed\n");
		exit(2);
	}
	return options;
}

int main(int argc, char **argv)
{
	struct options options = read_options(argc, argv);
	muster_world *world;
	need(muster_init(&world) == 0);
	if (muster_size(world) > options.rows) {
		fprintf(stderr, "heat2d: fewer rows (%d) than ranks (%d)\n", options.rows, muster_size(world));
		muster_finalize(world);
		return 2;
	}
	muster_mark(world, "setting up");
	struct strip strip = make_strip(world, &options);
	int steps = run(&strip, &options);
	muster_mark(world, "result");
	print_result(&strip, &options, steps);
	if (options.picture != NULL)
		write_picture(&strip, &options);
	need(muster_barrier(world, MUSTER_FOREVER, "all is written") == 0); /* who leaves is missed by nobody */
	for (int which = 0; which < 2; which++)
		options.in_place ? muster_free(world, strip.cells[which]) : free(strip.cells[which]);
	return muster_finalize(world) < 0;
}
