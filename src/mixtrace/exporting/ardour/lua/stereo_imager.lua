-- A gain on left minus right.

local gain

function prepare (k)
  gain = 1 - k.wet + k.wet * math.exp (NEPERS_PER_DB * k.side_gain_db)
end

function process (left, right, n)
  for i = 1, n do
    local mid, side = 0.5 * (left[i] + right[i]), 0.5 * gain * (left[i] - right[i])
    left[i], right[i] = mid + side, mid - side
  end
end
