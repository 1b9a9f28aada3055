-- What leaves on each side of what enters on each.

local ll, lr, rl, rr

function prepare (k)
  ll, lr, rl, rr = k.left_from_left, k.left_from_right, k.right_from_left, k.right_from_right
end

function process (left, right, n)
  for i = 1, n do
    local a, b = left[i], right[i]
    left[i], right[i] = ll * a + lr * b, rl * a + rr * b
  end
end
