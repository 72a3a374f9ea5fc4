# A recurrent network whose steps are repeated
# m = 4
X[1..5]: 3 x m
Y: 2 x m
W: 4 x 3
U: 4 x 4
b: 4 x 1
V: 2 x 4
H[0] = zeros(4, m)
repeat t = 1..5:
    H[t] = tanh(W @ X[t] + U @ H[t-1] + b)
loss = mse(V @ H[5], Y)
