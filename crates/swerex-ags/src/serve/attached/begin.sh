# Runs $2 and what follows in the background. Its output goes to files in the directory $1, and at the end its code; $0 says whether there is one stream.
streams=$0 directory=$1
shift
(umask 077 && mkdir "$directory") || exit 125
{
    if [ "$streams" = merged ]; then
        "$@" >"$directory/out" 2>&1
    else
        "$@" >"$directory/out" 2>"$directory/err"
    fi
    echo $? >"$directory/ended"
    mv "$directory/ended" "$directory/code"
} >/dev/null 2>&1 </dev/null &
