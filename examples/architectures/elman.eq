# An Elman network, the state read out at every step
# Elman (1990), Finding structure in time
X[1..4]: 3 x m
Y[1..4]: 2 x m
W: 5 x 3
U: 5 x 5
b: 5 x 1
V: 2 x 5
c: 2 x 1
h[0] = zeros(5, m)
E[0] = zeros(1, 1)
repeat t = 1..4:
    h[t] = sigmoid(W @ X[t] + U @ h[t-1] + b)
    O[t] = sigmoid(V @ h[t] + c)
    E[t] = E[t-1] + sum((O[t] - Y[t])**2) / 2
loss = E[4] / m
