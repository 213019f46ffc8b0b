/* What the tests on Windows need beside rot90: another program that has a file open, and a
 * console whose keys are pressed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* hold FILE SHARE: has FILE open for reading, sharing r(ead), w(rite) and d(elete), until its
 * standard input ends. */
static int hold(const wchar_t *file, const wchar_t *share)
{
    DWORD mode = (wcschr(share, 'r') ? FILE_SHARE_READ : 0) | (wcschr(share, 'w') ? FILE_SHARE_WRITE : 0)
        | (wcschr(share, 'd') ? FILE_SHARE_DELETE : 0);
    HANDLE handle = CreateFileW(file, GENERIC_READ, mode, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return 1;
    puts("open");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    /* What it opened is there to the end, whatever has taken its name. */
    char begin[2] = "";
    DWORD count = 0;
    ReadFile(handle, begin, 2, &count, NULL);
    return count == 2 && memcmp(begin, "BM", 2) == 0 ? 0 : 2;
}

static BOOL WINAPI go_on(DWORD event)
{
    (void)event;
    return TRUE;
}

/* press MILLISECONDS COMMAND: runs COMMAND on a console of its own and presses Ctrl-C there after
 * so long. Wine knows no other event of a console. */
static int press(int milliseconds, wchar_t *command)
{
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    DWORD code = 255;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    FreeConsole();
    AllocConsole();
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
        return 254;
    /* Both hear of it, and this one goes on. */
    SetConsoleCtrlHandler(go_on, TRUE);
    Sleep(milliseconds);
    GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    WaitForSingleObject(process.hProcess, 60000);
    GetExitCodeProcess(process.hProcess, &code);
    return (int)code;
}

int wmain(int count, wchar_t **arguments)
{
    if (count == 4 && wcscmp(arguments[1], L"hold") == 0)
        return hold(arguments[2], arguments[3]);
    if (count == 4 && wcscmp(arguments[1], L"press") == 0)
        return press(_wtoi(arguments[2]), arguments[3]);
    return 253;
}
