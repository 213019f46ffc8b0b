
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rot90' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rot90'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'rot90' {
            [CompletionResult]::new('--files0-from', '--files0-from', [CompletionResultType]::ParameterName, 'Read NUL-terminated names from FILE (- for standard input)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write outputs below DIR, which is created if missing')
            [CompletionResult]::new('--output-dir', '--output-dir', [CompletionResultType]::ParameterName, 'Write outputs below DIR, which is created if missing')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the results')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Number of threads [default: the CPUs this process may use]')
            [CompletionResult]::new('--workers', '--workers', [CompletionResultType]::ParameterName, 'Number of threads [default: the CPUs this process may use]')
            [CompletionResult]::new('--max-memory', '--max-memory', [CompletionResultType]::ParameterName, 'Memory limit for each picture, such as 512M or 2G [default: half of what this process may use]')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a page of all results, with thumbnails, to FILE, whose name ends in .html')
            [CompletionResult]::new('--report-pictures', '--report-pictures', [CompletionResultType]::ParameterName, 'How many files get thumbnails in the report')
            [CompletionResult]::new('--progress', '--progress', [CompletionResultType]::ParameterName, 'When to show progress on standard error; auto: if that is a terminal')
            [CompletionResult]::new('--generate', '--generate', [CompletionResultType]::ParameterName, 'Print the man page, or the completions for a shell')
            [CompletionResult]::new('--unordered', '--unordered', [CompletionResultType]::ParameterName, 'Print each record as soon as its file is done, in any order (requires --format jsonl)')
            [CompletionResult]::new('--update', '--update', [CompletionResultType]::ParameterName, 'Skip outputs that are up to date (their means are still reported)')
            [CompletionResult]::new('--no-clobber', '--no-clobber', [CompletionResultType]::ParameterName, 'Fail each file whose output already exists')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Give outputs the times of their inputs, and the owner and mode where permitted')
            [CompletionResult]::new('--preserve', '--preserve', [CompletionResultType]::ParameterName, 'Give outputs the times of their inputs, and the owner and mode where permitted')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done without doing it')
            [CompletionResult]::new('--durable', '--durable', [CompletionResultType]::ParameterName, 'Flush each output to the disk (fsync) before reporting it')
            [CompletionResult]::new('--fail-fast', '--fail-fast', [CompletionResultType]::ParameterName, 'Start no new file after the first failure')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no progress and no summary, only what failed or could not be kept; overrides --verbose')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no progress and no summary, only what failed or could not be kept; overrides --verbose')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print the number of threads, and the files that are skipped')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print the number of threads, and the files that are skipped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help: -h for a summary, --help for everything')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help: -h for a summary, --help for everything')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
