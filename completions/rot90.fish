complete -c rot90 -l files0-from -d 'Read names, each ended by NUL, from FILE; - is standard input' -r -F
complete -c rot90 -s o -l output-dir -d 'Write the outputs below DIR, which is made if missing' -r -F
complete -c rot90 -l format -d 'Form of the results' -r -f -a "json\t'One array, with a record on each line'
jsonl\t'One record a line, each written as soon as it and all before it are known'
means\t'One array of the means, with null for a failed file'"
complete -c rot90 -s w -l workers -d 'Number of threads [default: the CPUs this process may use]' -r
complete -c rot90 -l max-memory -d 'Limit on the memory for one picture, such as 512M or 2G [default: half of what this process may use]' -r
complete -c rot90 -l report -d 'Write a page of all results, with small pictures, to FILE, whose name ends in .html' -r -F
complete -c rot90 -l report-pictures -d 'Number of files that have pictures in the report, or all' -r
complete -c rot90 -l progress -d 'When to show a progress bar on standard error; auto means if that is a terminal' -r -f -a "auto\t''
always\t''
never\t''"
complete -c rot90 -l unordered -d 'Print each record as soon as its file is done, in any order; with --format jsonl'
complete -c rot90 -l update -d 'Leave alone outputs that are up to date; their means are still reported'
complete -c rot90 -l no-clobber -d 'Treat an output that exists already as an error of its file'
complete -c rot90 -s p -l preserve -d 'Give outputs the times of their inputs, and owner and mode where that is allowed'
complete -c rot90 -l dry-run -d 'Show what would be done without doing it'
complete -c rot90 -l durable -d 'Have each output safe on the disk (fsync) before it is reported'
complete -c rot90 -l fail-fast -d 'Start no further file after the first failure'
complete -c rot90 -s q -l quiet -d 'Print no progress and no summary, only failures; this overrides --verbose'
complete -c rot90 -s v -l verbose -d 'Print what the run uses, and the files that it skips'
complete -c rot90 -s h -l help -d 'Print help: -h in short, --help in full'
complete -c rot90 -s V -l version -d 'Print the version'
