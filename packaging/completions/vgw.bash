# shellcheck shell=bash
# Completion of vgw(1) in bash. Install as /usr/share/bash-completion/completions/vgw, or source it.

_vgw() {
    local line word rest
    local -a words
    # bash takes a word apart at colons and equal signs; names of routing instances have colons.
    read -r -a words <<<"${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=('')
    word=${words[-1]}
    rest=${word%"${word##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        if [[ -z $line ]]; then
            compopt -o default
        else
            COMPREPLY+=("${line#"$rest"}")
        fi
    done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
}

complete -F _vgw vgw
