# Ends every process with the line $0 in its environment: TERM, then KILL. The first may yet have to start: for that it is looked $2 times.
signal=TERM
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
    found=
    for process in /proc/[0-9]*; do
        if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF "$0"; then
            found="$found ${process#/proc/}"
        fi
    done 2>/dev/null
    if [ -n "$found" ]; then
        kill -s "$signal" $found 2>/dev/null
        signal=KILL
    elif [ "$signal" = KILL ] || [ "$attempt" = "${2:-25}" ]; then
        break
    fi
    sleep 0.2
done
rm -rf "$1"
