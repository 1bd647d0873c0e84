// The scripts that ask `slipway __complete` from three shells. It answers one candidate a line, its explanation behind a tab,
// and `:files` at the end where the shell's own file names belong.

const bash = `# bash completion for slipway
_slipway() {
  # Bash splits words at ":" and "=" too; what it holds for the current word is only the end of the real one.
  local line=\${COMP_LINE:0:COMP_POINT} current=\${COMP_WORDS[COMP_CWORD]} typed head candidate
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  typed=\${words[-1]}
  [[ $current == [:=] ]] && current=
  head=\${typed%"$current"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ $candidate == :files ]]; then
      compopt -o default
      continue
    fi
    candidate=\${candidate%%$'\\t'*}
    [[ $candidate == "$typed"* ]] && COMPREPLY+=("\${candidate#"$head"}")
  done < <("\${COMP_WORDS[0]}" __complete "\${words[@]:1}" 2>/dev/null)
}
complete -F _slipway slipway
`;

const zsh = `#compdef slipway
_slipway() {
  local -a candidates
  local line files=
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then files=1
    elif [[ -n $line ]]; then
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( \${#candidates} )) && _describe slipway candidates
  [[ -n $files ]] && _files
}
# Sourced, it registers itself; found along fpath, it is the function's body.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _slipway "$@"; else compdef _slipway slipway; fi
`;

const fish = `# fish completion for slipway
function __slipway_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] __complete $words[2..] 2>/dev/null)
    if test "$line" = ':files'
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c slipway -f -a '(__slipway_complete)'
`;

export const completionScripts = { bash, zsh, fish } as const;

/** Where each shell looks below a `share` directory. */
export const completionPlaces: Readonly<Record<keyof typeof completionScripts, string>> = {
  bash: 'bash-completion/completions/slipway',
  zsh: 'zsh/site-functions/_slipway',
  fish: 'fish/vendor_completions.d/slipway.fish',
};
