# Independently recurrent neurons: a weight of its own for each
# Li, Li, Cook, Zhu and Gao (2018), Independently recurrent neural network
X[1..3]: 3 x m
Y: 2 x m
W: 4 x 3
u, b: 4 x 1
V: 2 x 4
h[0] = zeros(4, m)
repeat t = 1..3:
    h[t] = relu(W @ X[t] + u * h[t-1] + b)
loss = mse(V @ h[3], Y)
