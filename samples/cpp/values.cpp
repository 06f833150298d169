// Traps with values of C++'s kinds in scope, libc++'s containers among them: what a debugger shows of
// them is compared with what is written here. `rebuild` makes the modules beside it of it, with two
// versions of libc++ that are built in different ways.

#include <array>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace shop {

enum class Color : unsigned char { Red, Green = 5 };

struct Base {
    int id = 1;
    virtual ~Base() = default;
    virtual int price() const { return id; }
};

struct Named {
    std::string name;
};

struct Item : Base, Named {
    double weight = 0.5;
    int price() const override { return 7; }
};

template <typename T> struct Box {
    T inside;
};

class Hidden {
    int secret = 42;

public:
    int get() const { return secret; }
};

} // namespace shop

int show(int argument) {
    std::string small = "short";
    std::string large = "a text that is too long to be kept in place";
    std::string none;
    std::string_view view = small;
    std::vector<int> numbers = {1, 2, 3};
    std::vector<std::string> words = {"one", "two"};
    std::vector<bool> bits = {true, false, true};
    std::vector<double> no_numbers;
    std::map<std::string, int> ages = {{"ann", 30}, {"bob", 40}};
    std::map<int, char> many;
    for (int i = 0; i < 12; i++)
        many[i] = static_cast<char>('a' + i);
    std::set<int> set = {3, 1, 2};
    std::set<long long> no_set;
    std::unordered_map<int, short> hashed = {{1, 10}};
    std::list<int> links = {7, 8};
    std::array<short, 3> fixed = {1, 2, 3};
    std::unique_ptr<shop::Item> owned = std::make_unique<shop::Item>();
    owned->name = "pen";
    std::unique_ptr<int> empty;
    std::optional<int> some = 9;
    std::optional<std::string> nothing;
    std::pair<int, char> pair = {1, 'x'};
    std::tuple<int, double, std::string> tuple = {1, 2.5, "three"};
    shop::Color color = shop::Color::Green;
    shop::Item item;
    item.name = "cup";
    shop::Base *base = &item;
    shop::Base &reference = item;
    const shop::Item &constant = item;
    shop::Base plain;
    shop::Box<double> box = {1.5};
    shop::Hidden hidden;
    auto closure = [argument, &small](int x) { return x + argument + (int)small.size(); };
    char32_t wide = U'\u00e9';
    std::nullptr_t null = nullptr;
    int grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
    auto deduced = 5u;
    long double extended = 0.25;
    int sum = closure(1) + base->price() + reference.price() + constant.price() + hidden.get();
    __builtin_trap();
    return sum + (int)extended + (int)deduced + grid[0][0] + (null == nullptr) + (int)wide + plain.id;
}

int main() { return show(42); }
