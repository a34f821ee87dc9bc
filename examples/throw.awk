# SPDX-License-Identifier: MIT
# throw: one part of a parameter sweep, in stock awk. How far does a ball fly that is thrown at an angle, through air?
#
# Each line of the parameter file is a case: an angle in degrees and a speed in metres a second. A rank takes every
# MUSTER_WORLD_SIZE'th case, beginning with its own number; without a launcher all of them.

BEGIN {
	rank = ENVIRON["MUSTER_RANK"] + 0
	world_size = ENVIRON["MUSTER_WORLD_SIZE"] + 0
	if (world_size < 1)
		world_size = 1
	degree = atan2(0, -1) / 180
	gravity = 9.81
	drag = 0.005
	step = 0.0005
}

function distance(angle, speed,    x, y, along, up, brake) {
	x = y = 0
	along = speed * cos(angle * degree)
	up = speed * sin(angle * degree)
	do {
		brake = drag * sqrt(along * along + up * up)
		along -= step * brake * along
		up -= step * (gravity + brake * up)
		x += step * along
		y += step * up
	} while (y > 0)
	return x
}

/^#/ || NF != 2 {
	next
}

case_number++ % world_size == rank {
	printf "angle %2d degrees, %2d m/s: %6.2f m\n", $1, $2, distance($1, $2)
}
