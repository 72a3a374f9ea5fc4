# Multi-query attention: all heads share keys and values
# Shazeer (2019), Fast transformer decoding: one write-head is all you need
X: 4 x 5 input
Y: 4 x 5
Q[1..2]: 2 x 4
K, V: 2 x 4
O: 4 x 4
K_X = K @ X
V_X = V @ X
H1 = V_X @ softmax(K_X.T @ (Q1 @ X) / sqrt(2))
H2 = V_X @ softmax(K_X.T @ (Q2 @ X) / sqrt(2))
loss = sum((O @ vstack(H1, H2) - Y)**2) / 2
