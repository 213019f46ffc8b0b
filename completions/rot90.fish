complete -c rot90 -l files0-from -d 'Read NUL-terminated names from FILE (- for standard input)' -r -F
complete -c rot90 -s o -l output-dir -d 'Write outputs below DIR, which is created if missing' -r -F
complete -c rot90 -l format -d 'Format of the results' -r -f -a "json\t'One array, with a record on each line'
jsonl\t'One record per line, each written as soon as it and all before it are known'
means\t'One array of the means, with null for a failed file'"
complete -c rot90 -s w -l workers -d 'Number of threads [default: the CPUs this process may use]' -r
complete -c rot90 -l max-memory -d 'Memory limit for each picture, such as 512M or 2G [default: half of what this process may use]' -r
complete -c rot90 -l report -d 'Write a page of all results, with thumbnails, to FILE, whose name ends in .html' -r -F
complete -c rot90 -l report-pictures -d 'How many files get thumbnails in the report' -r
complete -c rot90 -l progress -d 'When to show progress on standard error; auto: if that is a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c rot90 -l generate -d 'Print the man page, or the completions for a shell' -r -f -a "man\t''
complete-bash\t''
complete-zsh\t''
complete-fish\t''
complete-elvish\t''
complete-powershell\t''"
complete -c rot90 -l unordered -d 'Print each record as soon as its file is done, in any order (requires --format jsonl)'
complete -c rot90 -l update -d 'Skip outputs that are up to date (their means are still reported)'
complete -c rot90 -l no-clobber -d 'Fail each file whose output already exists'
complete -c rot90 -s p -l preserve -d 'Give outputs the times of their inputs, and the owner and mode where permitted'
complete -c rot90 -l dry-run -d 'Show what would be done without doing it'
complete -c rot90 -l durable -d 'Flush each output to the disk (fsync) before reporting it'
complete -c rot90 -l fail-fast -d 'Start no new file after the first failure'
complete -c rot90 -s q -l quiet -d 'Print no progress and no summary, only what failed or could not be kept; overrides --verbose'
complete -c rot90 -s v -l verbose -d 'Print the number of threads, and the files that are skipped'
complete -c rot90 -s h -l help -d 'Print help: -h for a summary, --help for everything'
complete -c rot90 -s V -l version -d 'Print the version'
