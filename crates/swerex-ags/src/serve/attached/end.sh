# Ends every process with the line $0 in its environment: TERM, and KILL $3 looks later. The first may yet have to start: for that it is looked
# $2 times, and as often for what does not end.
signal=TERM
looks=${2:-25}
grace=${3:-1}
while [ "$looks" -gt 0 ]; do
    found=
    for process in /proc/[0-9]*; do
        if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF "$0"; then
            found="$found ${process#/proc/}"
        fi
    done 2>/dev/null
    if [ -z "$found" ]; then
        [ "$signal" = TERM ] || break
        looks=$((looks - 1))
    elif [ "$signal" = TERM ]; then
        kill -s TERM $found 2>/dev/null
        signal=KILL
    elif [ "$grace" -le 0 ]; then
        kill -s KILL $found 2>/dev/null
        looks=$((looks - 1))
    fi
    [ "$signal" = TERM ] || grace=$((grace - 1))
    [ "$looks" -gt 0 ] && sleep 0.2
done
rm -rf "$1"
