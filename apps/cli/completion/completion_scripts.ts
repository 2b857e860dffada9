// The scripts that teach shells to ask `holdfast __complete`.
/**
 * A function expands no aliases: the scripts look for what `holdfast` stands for. fish makes functions of aliases.
 *
 * bash splits words at `:`, `=` and before `@`: the line is split here again, and what bash has already is cut off.
 */
const BASH = `# holdfast completions for bash
_holdfast() {
  local line="\${COMP_LINE:0:COMP_POINT}" words typed kept
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  typed="\${words[-1]}"
  kept="\${typed%"\${typed##*[:@=]}"}"
  kept="\${kept%@}"
  [[ "$COMP_WORDBREAKS" == *:* ]] || kept=""
  if [[ -n "\${BASH_ALIASES[\${words[0]}]}" ]]; then
    mapfile -t COMPREPLY < <(eval "\${BASH_ALIASES[\${words[0]}]}"' __complete -- "\${words[@]:1}"' 2> /dev/null)
  else
    mapfile -t COMPREPLY < <("\${words[0]}" __complete -- "\${words[@]:1}" 2> /dev/null)
  fi
  COMPREPLY=("\${COMPREPLY[@]#"$kept"}")
}
complete -o default -F _holdfast holdfast
`;

const ZSH = `# holdfast completions for zsh
_holdfast() {
  local -a found program
  program=("\${(@Q)\${(z)\${aliases[$words[1]]:-\${(q)words[1]}}}}")
  found=("\${(@f)$("\${(@)program}" __complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ -n "\${found[*]}" ]]; then
    compadd -- "\${found[@]}"
  else
    _files
  fi
}
compdef _holdfast holdfast
# Of an alias zsh completes what it stands for, unless it is told.
(( \${+aliases[holdfast]} )) && setopt complete_aliases
true
`;

const FISH = `# holdfast completions for fish
function __holdfast_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l found ($words[1] __complete -- $words[2..-1] $typed 2> /dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path $typed
    end
end
complete -c holdfast -f -a '(__holdfast_complete)'
`;

/** The scripts by shell. */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};
