// SPDX-License-Identifier: MIT
// meet: the same in C++17, where every header has to keep to what both languages have.
#include <muster.h>

#include <iostream>
#include <memory>

int main()
{
	muster_world *made = nullptr;
	if (muster_init(&made) < 0) {
		std::cerr << muster_error_text() << '\n';
		return 1;
	}
	std::unique_ptr<muster_world, decltype(&muster_finalize)> world(made, muster_finalize);
	if (muster_barrier(world.get(), 10000, "meet") < 0) {
		std::cerr << muster_error_text() << '\n';
		return 1;
	}
	std::cout << "rank " + std::to_string(muster_rank(world.get())) + " of " +
	                     std::to_string(muster_size(world.get())) + " met the others\n";
}
