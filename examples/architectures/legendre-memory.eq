# A memory with given matrices in front of a recurrent layer
# Voelker, Kajić and Eliasmith (2019), Legendre memory units
X[1..3]: 3 x m
Y: 2 x m
A: 4 x 4 constant
B: 4 x 1 constant
e_x: 1 x 3
e_h: 1 x 5
e_m: 1 x 4
W_x: 5 x 3
W_h: 5 x 5
W_m: 5 x 4
V: 2 x 5
h[0] = zeros(5, m)
M[0] = zeros(4, m)
repeat t = 1..3:
    u[t] = e_x @ X[t] + e_h @ h[t-1] + e_m @ M[t-1]
    M[t] = A @ M[t-1] + B @ u[t]
    h[t] = tanh(W_x @ X[t] + W_h @ h[t-1] + W_m @ M[t])
loss = mse(V @ h[3], Y)
