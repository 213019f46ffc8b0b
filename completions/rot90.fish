complete -c rot90 -l files0-from -d 'Read names separated by NUL from FILE; `-` is standard input' -r -F
complete -c rot90 -s o -l output-dir -d 'Write the outputs below DIR, which is made if missing' -r -f -a "(__fish_complete_directories)"
complete -c rot90 -l format -d 'Print an array of records, a record a line, or an array of the means' -r -f -a "json\t'One array, a record a line'
jsonl\t'A record a line, each as soon as it is known'
means\t'One array of the means, null for a failed file'"
complete -c rot90 -s w -l workers -d 'Number of threads [default: the CPUs this process may use]' -r
complete -c rot90 -l max-memory -d 'The most memory for a picture, as 512M or 2G [default: half of what this process may use]' -r
complete -c rot90 -l report -d 'Write a page with all results and small pictures to FILE, which ends with .html' -r -F
complete -c rot90 -l progress -d 'Show a progress bar on standard error; `auto`: if that is a terminal' -r -f -a "auto\t'If standard error is a terminal'
always\t'In any case'
never\t'Not at all'"
complete -c rot90 -l update -d 'Leave alone an output that is not older than its input; its mean is still reported'
complete -c rot90 -l no-clobber -d 'Fail where an output exists already'
complete -c rot90 -l dry-run -d 'Print what would be done, and do nothing'
complete -c rot90 -l durable -d 'fsync each output and its directory before it is reported'
complete -c rot90 -l fail-fast -d 'Start no new file after the first failure'
complete -c rot90 -s q -l quiet -d 'Print no progress and no summary; failures are still told'
complete -c rot90 -s v -l verbose -d 'Tell more on standard error; twice: of every file'
complete -c rot90 -s h -l help -d 'Print help: `-h` for short, `--help` in full'
complete -c rot90 -s V -l version -d 'Print the version'
