/* SPDX-License-Identifier: MIT
 *
 * child_returns: a rank that returns at once. Linked statically, so that the launcher is measured and not the linker.
 */
int main(void)
{
	return 0;
}
