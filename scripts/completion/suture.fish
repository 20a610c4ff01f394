# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of suture(1) for fish. make puts what 'suture completion' prints in place of TABLE;
# userspace/cli/completion.h says what its columns are.

set -g __suture_table (string split \n -- '@TABLE@')

# The verb, and which word behind it is to come.
function __suture_where
    set -l words (commandline -opc)
    set -l verb $words[2]
    set -l place 1
    set -l skip
    for word in $words[3..-1]
        if set -q skip[1]
            set -e skip
        else if test $word = --
            return
        else if string match -q -- '-*' $word
            if string match -qr -- "^$verb\t"(string escape --style=regex -- $word)'\t[A-Z]' $__suture_table
                set skip yes
            end
        else
            set place (math $place + 1)
        end
    end
    echo $verb
    echo $place
end

function __suture_no_verb
    test (count (commandline -opc)) = 1
end

function __suture_verb
    test (commandline -opc)[2] = $argv[1] 2>/dev/null
end

# VERB PLACE: the word that is to come is that; "2+" is all from the second on.
function __suture_at
    set -l where (__suture_where)
    set -l place (string trim -r -c + -- $argv[2])
    test "$where[1]" = $argv[1]; or return 1
    test $where[2] = $place; and return
    test $place != $argv[2]; and test $where[2] -gt $place
end

function __suture_values
    for kind in $argv
        switch $kind
            case '=*'
                string sub -s 2 -- $kind
            case target
                suture target list 2>/dev/null | string replace -rf -- '^((kernel|tree):\S*).*' '$1'
            case patch
                suture status --json 2>/dev/null | string match -ra -- '"name": *"[^"]*"' | string split -f 4 -- '"'
            case verb
                string replace -rf -- '^(\S+)\t-\t.*\t(.*)$' '$1\t$2' $__suture_table
            case file
                __fish_complete_path (commandline -ct)
            case folder
                __fish_complete_directories (commandline -ct) ''
            case '*.*'
                for file in (__fish_complete_path (commandline -ct) | string replace -r '\t.*' '')
                    if string match -q -- $kind $file; or string match -q -- '*/' $file
                        echo $file
                    end
                end
        end
    end
end

complete -c suture -f
for row in $__suture_table
    set -l column (string split \t -- $row)
    set -l verb $column[1]
    set -l name $column[2]
    set -l value
    set -l where -n "__suture_verb $verb"
    if test $verb = suture
        set where -n __suture_no_verb
    end
    if string match -qr '^[A-Z]' -- $column[3]
        set value -x -a "(__suture_values "(string escape -- (string split ' ' -- $column[4]) | string join ' ')")"
    end
    switch $name
        case -
            complete -c suture -n __suture_no_verb -a $verb -d $column[5]
        case '--*'
            complete -c suture $where -l (string sub -s 3 -- $name) -d $column[5] $value
        case '-*'
            complete -c suture $where -s (string sub -s 2 -- $name) -d $column[5] $value
        case '*'
            set value -a "(__suture_values "(string escape -- (string split ' ' -- $column[4]) | string join ' ')")"
            complete -c suture -n "__suture_at $verb $name" $value
    end
end
