# A recurrent network whose matrix is orthogonal by the Cayley transform
# Helfrich, Willmott and Ye (2018), Orthogonal recurrent neural networks with scaled Cayley transform
X[1..3]: 2 x m
Y: 2 x m
W: 3 x 2
B: 3 x 3
V: 2 x 3
c: 3 x 1
A = B - B.T
U = solve(eye(3) + A, eye(3) - A)
h[0] = zeros(3, m)
repeat t = 1..3:
    z[t] = W @ X[t] + U @ h[t-1]
    h[t] = sign(z[t]) * max(abs(z[t]) + c, 0)
loss = mse(V @ h[3], Y)
