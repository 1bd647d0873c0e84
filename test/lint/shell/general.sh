#!/bin/sh
echo foo > $bar
cat < $bar
export A=$b
for x in $(ls); do echo $x; done
for x in $(cat f); do echo "$x"; done
for i in a b c; do echo $i; done
for i in foo; do echo $i; done
for i in "$x"; do echo "$i"; done
! true
echo hi
A=1 && B=2; echo $B $A
case $x in a) ;; esac
rm $(find . -name x)
echo $(seq 3) `date`
local=`date`
export C=$(date)
readonly D="x$(date)"
echo 'a $b `c`'
sed 's/$x/y/' f
sed 's/$/y/' f
echo "a\tb\n"
echo 'a\nb' x
echo -e "a\n"
rm *.txt
ls ?foo
echo *
tar cf a.tar *
pip install uvicorn[standard]
ls [foo]
cd /tmp
cd ..
cd foo || exit
x=$((1+2)); echo $x
y=$(date); echo $y
z=foo; echo $z
echo ${#x} $# $? $$ $! $@ $* $1 "$1" ${1} ${x:-b} ${x+"$y"}
[ $x = 1 ]
[ -n $x ]
: ${x:=foo}
eval $x
$x foo
a=$x b=$y
if [ -f a ]; then q=1; else q=2; fi; echo $q
if [ -f a ]; then r=1; fi; echo $r
while read -r l; do echo $l; done < f
f() { local v=$1; echo $v; }
test -f $x
echo "$(echo $x)"
echo a$x/b
echo ${x}foo "${x}"
printf "%s" $x
exec $x
unset $x
shift $x
cd $x || exit
for line in $(grep -v x list | sort); do run "$line"; done
for line in $(sort list | uniq); do run "$line"; done
for one in "just one"; do run "$one"; done
for one in 'just one'; do run "$one"; done
for one in "*.txt"; do run "$one"; done
grep [0-99] list; ls [--all]; tr [aa] x; ls [!oo] [a-z]
cd /; cd ../..; cd ./here; pushd /; builtin cd there; command cd there
array=($words "$(one)" $(two)); echo "${array[0]}"
for ((i = 0; i < 3; i++)); do echo $i; done
