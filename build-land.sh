#!/bin/bash
# land.sh "message" regex
cd /tmp/h/cli; export CMAKE_C_COMPILER_LAUNCHER=ccache
tools/format.sh
git add -A && git commit -q -m "$1" && git pull -q --rebase || exit 1
timeout 500 cmake --build --preset dev -j2 2>&1 | grep -E "error|FAILED" && exit 1
timeout 500 ctest --preset dev -R "$2|style" -j2 2>&1 | tail -60 | grep -E "Failed|\*\*\*|tests passed|FAIL" 
[ ${PIPESTATUS[0]} = 0 ] && git push -q origin HEAD:main && git log --oneline | head -1; date
