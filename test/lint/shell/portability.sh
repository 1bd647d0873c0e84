#!/bin/sh
cat <(ls) >(x)
rm !(*.x)
echo $'a' $"b"
for ((i=0;i<3;i++)); do :; done
((x++))
echo $[1+2]
select a in b; do :; done
echo {a,b} {1..3}
[[ -z $x ]]
cat <<< foo
[ a \< b ]
[ a -nt b ]
[ a == b ]
[ a =~ b ]
[ -v x ]
[ -a x ]
echo $((i++)) $((2**3)) $((16#ff)) $((RANDOM%6))
foo &> /dev/null
foo >& file
foo >&2 2>&1
exec {n}>&2
foo 42>x
x+=a
cat < /dev/tcp/a/1
echo [^a]b
echo $RANDOM $HOSTNAME $UID $_
make |& less
a=(1 2)
b[1]=2
foo > *.txt
foo-bar() { :; }
x=$(<file)
y=`<file`
echo -n foo
echo -e foo
exec -c env
let n++
set -o pipefail
set -euo pipefail
set -B
set --foo
f() { local a; }
declare a=1
typeset b
shopt -s x
pushd x
read -p foo bar
read
export -f foo
type -a ls
source file
trap 'x' ERR
trap 'x' SIGTERM int
printf '%q' x
printf -v a b
echo ${!x} ${a[1]} ${!a[@]} ${!a*} ${a^^} ${a:1:2} ${@%x} ${a/b/c} ${#@}
test a == b
test -v x
wait -n
ulimit -x
umask -p
hash -l
jobs -s
cd -e x
[ x -a y == z ]
[ ! a == b ]
coproc foo { :; }
unset -n x
ulimit -n 1024; ulimit -f 10; builtin echo x
[ "$a" < "$b" ]
