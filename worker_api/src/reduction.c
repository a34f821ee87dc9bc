/* SPDX-License-Identifier: MIT
 *
 * reduction: see reduction.h. The kernels are plain loops that compilers make vectors of; the rest is about which
 * memory they run over.
 */
#include "reduction.h"

#include "copying.h"
#include "error.h"
#include "known.h"

#include <errno.h>
#include <string.h>

/* Chosen when the program starts. Not under ThreadSanitizer, which is not ready by then. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__OPTIMIZE__) && !defined(__SANITIZE_THREAD__) &&             \
	!defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_CPU
#endif

/* --- kernels --- */

/* Element i of the result needs element i of the operands only, so that it does not matter when they are the same. */
#if defined(__clang__)
#define INDEPENDENT /* it looks at run time, and warns where it is not to vectorize at all */
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* NOLINTBEGIN(bugprone-macro-parentheses) a type has none */
#define KERNEL(name, type, expression)                                                                                 \
	FOR_EACH_CPU static void name(void *into, const void *from_a, const void *from_b, size_t count)                \
	{                                                                                                              \
		type *result = into;                                                                                   \
		const type *a = from_a, *b = from_b;                                                                   \
		INDEPENDENT for (size_t i = 0; i < count; i++) result[i] = (type)(expression);                         \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

#define WHOLE_NUMBER_KERNELS(suffix, type, unsigned_type)                                                              \
	KERNEL(sum_##suffix, type, (unsigned_type)a[i] + (unsigned_type)b[i])                                          \
	KERNEL(prod_##suffix, type, (unsigned_type)a[i] * (unsigned_type)b[i])                                         \
	KERNEL(min_##suffix, type, a[i] < b[i] ? a[i] : b[i])                                                          \
	KERNEL(max_##suffix, type, a[i] > b[i] ? a[i] : b[i])

/* A NaN differs from itself; as `b` it is what no comparison chooses `a` over. */
#define FLOATING_KERNELS(suffix, type)                                                                                 \
	KERNEL(sum_##suffix, type, a[i] + b[i])                                                                        \
	KERNEL(prod_##suffix, type, a[i] * b[i])                                                                       \
	KERNEL(min_##suffix, type, ((a[i] < b[i]) | (a[i] != a[i])) ? a[i] : b[i])                                     \
	KERNEL(max_##suffix, type, ((a[i] > b[i]) | (a[i] != a[i])) ? a[i] : b[i])

WHOLE_NUMBER_KERNELS(int32, int32_t, uint32_t)
WHOLE_NUMBER_KERNELS(int64, int64_t, uint64_t)
WHOLE_NUMBER_KERNELS(uint64, uint64_t, uint64_t)
WHOLE_NUMBER_KERNELS(bytes, uint8_t, uint8_t)
FLOATING_KERNELS(float, float)
FLOATING_KERNELS(double, double)

#define KERNELS_OF(suffix, type)                                                                                       \
	{                                                                                                              \
		sizeof(type),                                                                                          \
		{                                                                                                      \
			sum_##suffix, prod_##suffix, min_##suffix, max_##suffix                                        \
		}                                                                                                      \
	}

static const struct {
	size_t bytes;
	reduction_kernel *kernels[4]; /* from MUSTER_SUM on */
} types[] = {
	[MUSTER_INT32] = KERNELS_OF(int32, int32_t),    [MUSTER_INT64] = KERNELS_OF(int64, int64_t),
	[MUSTER_UINT64] = KERNELS_OF(uint64, uint64_t), [MUSTER_FLOAT] = KERNELS_OF(float, float),
	[MUSTER_DOUBLE] = KERNELS_OF(double, double),   [MUSTER_BYTES] = KERNELS_OF(bytes, uint8_t),
};

/* --- what is asked for --- */

size_t reduction_type_bytes(enum muster_type type)
{
	return type >= MUSTER_INT32 && type <= MUSTER_BYTES ? types[type].bytes : 0;
}

int reduction_built_in(struct reduction *reduction, enum muster_type type, enum muster_op op)
{
	size_t bytes = reduction_type_bytes(type);
	if (bytes == 0)
		return error_set(-EINVAL, "%d is no enum muster_type", (int)type);
	if (op < MUSTER_SUM || op > MUSTER_MAX)
		return error_set(-EINVAL, "%d is no enum muster_op", (int)op);
	*reduction = (struct reduction){
		.kernel = types[type].kernels[op - MUSTER_SUM],
		.element_bytes = bytes,
		.tag = (uint32_t)type << 4 | (uint32_t)op,
	};
	return 0;
}

int reduction_of_own(struct reduction *reduction, const struct muster_operator *own)
{
	if (own == NULL || own->combine == NULL)
		return error_set(-EINVAL, "an operator without a function to combine with");
	if (own->element_bytes < 1 || own->element_bytes > 4096)
		return error_set(-EINVAL, "an operator for elements of %zu bytes: 1 ... 4096 are possible",
		                 own->element_bytes);
	*reduction = (struct reduction){
		.own = own,
		.element_bytes = own->element_bytes,
		.tag = (uint32_t)own->element_bytes << 8,
	};
	return 0;
}

/* --- folding --- */

enum { BLOCK_BYTES = 8192 }; /* of the first cache, so that what is read between two members' elements is still there */

static void combine(const struct reduction *reduction, void *into, const void *a, const void *b, size_t count)
{
	if (reduction->kernel != NULL) {
		reduction->kernel(into, a, b, count);
		return;
	}
	KNOWN(reduction->own != NULL);
	if (into != a)
		memcpy(into, a, count * reduction->element_bytes);
	reduction->own->combine(into, b, count, reduction->own->context);
}

/* The intermediate results lie in `scratch`, so that only the last write, element by element, touches what was read. */
static void fold_block(const struct reduction *reduction, void *into, const void *const *from, size_t n, size_t offset,
                       size_t count, void *scratch)
{
	const void *sum = (const char *)from[0] + offset;
	bool last_in_scratch = reduction->own != NULL;
	for (size_t member = 1; member < n; member++) {
		void *result = member + 1 < n || last_in_scratch ? scratch : into;
		combine(reduction, result, sum, (const char *)from[member] + offset, count);
		sum = result;
	}
	if (sum != into)
		memmove(into, sum, count * reduction->element_bytes);
}

void reduction_fold(const struct reduction *reduction, void *into, const void *const *from, size_t n, size_t offset,
                    size_t count, bool streams)
{
	_Alignas(64) unsigned char scratch[BLOCK_BYTES], result[BLOCK_BYTES];
	size_t element_bytes = reduction->element_bytes;
	if (n == 2 && reduction->kernel != NULL && !streams) {
		reduction->kernel(into, (const char *)from[0] + offset, (const char *)from[1] + offset, count);
		return;
	}
	for (size_t done = 0, part; done < count; done += part) {
		size_t at = done * element_bytes;
		part = count - done < sizeof scratch / element_bytes ? count - done : sizeof scratch / element_bytes;
		fold_block(reduction, streams ? result : (unsigned char *)into + at, from, n, offset + at, part,
		           scratch);
		if (streams)
			copy_past_caches((char *)into + at, result, part * element_bytes);
	}
}
