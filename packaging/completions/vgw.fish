# Completion of vgw(1) in fish. Install as /usr/share/fish/vendor_completions.d/vgw.fish.

function __vgw_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    for line in (command $words[1] complete -- $words[2..-1] (commandline --current-token --cut-at-cursor) 2>/dev/null)
        if string match --quiet --regex '^\t' -- $line
            __fish_complete_path (commandline --current-token --cut-at-cursor)
        else
            echo $line
        end
    end
end

complete --command vgw --no-files --arguments '(__vgw_complete)'
