// Traps with values of C's kinds in scope: what a debugger shows of them is compared with what is
// written here. Needs nothing but a compiler: `rebuild` makes `values.wasm` of it.

typedef unsigned int u32;

enum color { RED, GREEN = 5, BLUE };

struct point {
    int x;
    int y;
};

typedef struct point point_t;

struct flags {
    unsigned ready : 1;
    unsigned mode : 3;
    int level : 4;
    unsigned char rest;
};

union number {
    u32 whole;
    float real;
    unsigned char bytes[4];
};

struct list {
    int value;
    struct list *next;
};

struct named {
    const char *name;
    char code[8];
    struct {
        int inside;
    };
    point_t corners[2];
};

typedef int (*operation)(int, int);

static int add(int a, int b) { return a + b; }

static int calls = 3;

__attribute__((noinline)) int show(int argument) {
    signed char small = -5;
    unsigned char byte = 200;
    short half = -300;
    u32 word = 4000000000u;
    long long wide = -5000000000ll;
    double real = 0.5;
    float single = 1.25f;
    _Bool yes = 1;
    char letter = 'a';
    const char *text = "text\n\"quoted\"";
    const char *none = 0;
    char buffer[8] = "buf";
    unsigned char raw[3] = {1, 2, 3};
    int grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
    enum color color = GREEN;
    enum color odd = (enum color)7;
    struct point point = {3, -4};
    point_t *pointer = &point;
    void *untyped = &point;
    struct flags flags = {1, 5, -3, 9};
    union number number = {.real = 1.0f};
    struct list tail = {2, 0};
    struct list head = {1, &tail};
    struct named named = {"name", "code", {7}, {{1, 2}, {3, 4}}};
    operation op = add;
    const int fixed = 11;
    volatile int hot = 12;
    int late;
    struct point partly;
    partly.x = 1;
    calls += op(argument, small + byte + half + (int)word + (int)wide + yes + letter + text[0]);
    calls += (none == 0) + buffer[0] + raw[0] + grid[1][2] + color + odd + pointer->x;
    calls += (untyped != 0) + flags.level + (int)number.whole + head.next->value;
    calls += named.inside + fixed + hot + (int)real + (int)single + partly.x;
    __builtin_trap();
}

void _start(void) { show(42); }
